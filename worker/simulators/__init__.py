"""The outside systems as local servers that are as strict as the real ones and can be made to fail."""
