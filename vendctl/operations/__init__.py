"""What only operators run, over the same ports as the app: never deployed."""
