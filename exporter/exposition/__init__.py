"""What is known → the text that Prometheus scrapes."""
