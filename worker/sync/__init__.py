"""The use cases: free of Celery, HTTP and SQL."""
