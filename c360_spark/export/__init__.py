"""Reverse ETL: audience members → changes to send to destinations. Pure functions."""
