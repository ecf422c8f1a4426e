"""Where records come from and edits go back to: one folder each."""
