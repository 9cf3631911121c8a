"""Many processes, on one machine or on a Dask cluster, and how one begins and ends."""
