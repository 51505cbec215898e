"""What a deployed model's log and later labels say about whether the model still holds."""
