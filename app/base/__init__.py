"""Standard-library-only foundations that every layer may import."""
