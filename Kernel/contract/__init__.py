"""What kernel and zones both agree on. The only part of Kernel that others may import."""
