"""The command line: reads words, calls one verb, prints."""
