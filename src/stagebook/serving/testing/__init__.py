"""Tests of a deployment: checks, load and endurance."""
