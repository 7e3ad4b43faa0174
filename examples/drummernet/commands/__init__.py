"""What the `drummernet` command can do, a file each."""
