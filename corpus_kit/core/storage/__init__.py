"""The only reader and writer of Parquet; made folders and what is kept between builds."""
