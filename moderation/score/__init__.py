"""Streams chunks through ingest and classify, writes a run, resumes it."""
