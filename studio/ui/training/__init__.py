"""What the Train room is made of: its short form, what it says beforehand, and trainings as one sees them."""
