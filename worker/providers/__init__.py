"""Where documents are published: one folder each, none knows another."""
