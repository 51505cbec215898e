"""What a kernel does beyond its inputs, observed and held fixed inside the kernel."""
