"""What is kept on disk: settings, the journal, bar history, layouts."""
