"""What takes deliveries: PostgreSQL, files."""
