"""From source to a runnable trait: a library without effects."""
