"""What comes in and what goes out: one serializer per noun for every door."""
