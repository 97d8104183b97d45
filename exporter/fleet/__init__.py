"""What is known of every instance now."""
