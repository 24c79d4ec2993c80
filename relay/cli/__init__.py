"""The admin's commands, a file each."""
