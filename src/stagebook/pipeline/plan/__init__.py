"""What is stale and why: judged from files alone, without DVC."""
