"""What the program can do: orchestration over ports. No input or output of its own."""
