"""What each command does once its options are parsed; imported then and not before."""
