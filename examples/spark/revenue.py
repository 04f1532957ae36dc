"""Join order lines with their orders, and sum up what each customer bought.

Usage: spark-submit revenue.py INPUT OUTPUT      (URIs of directories, or s3:// prefixes)

Whole numbers and texts only, so that any engine's result is the same, to the last digit.
"""

import sys

from pyspark.sql import SparkSession, functions

source, target = sys.argv[1:]
spark = SparkSession.builder.appName("revenue").getOrCreate()
lines = spark.read.parquet(f"{source}/lines")
orders = spark.read.parquet(f"{source}/orders")
column = functions.col
revenue = (
    lines.join(orders, "order_id")
    .groupBy("customer_id")
    .agg(
        functions.count("*").alias("lines"),
        functions.sum("quantity").alias("pieces"),
        functions.sum(column("quantity").cast("long") * column("cents")).alias("cents"),
        functions.max("article").alias("last_article"),
    )
)
revenue.write.parquet(f"{target}/revenue")
