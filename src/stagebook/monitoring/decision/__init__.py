"""Whether to keep a deployed model, retrain it, roll back, or ask a person."""
