"""Who is sent where."""
