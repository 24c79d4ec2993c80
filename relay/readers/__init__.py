"""Reading foreign bytes in processes that can be killed, so that no mail stops the others. Start at `pool.Readers`."""
