-- Order lines and orders as Parquet in the current directory, the same on every machine:
--   duckdb -cmd "SET VARIABLE lines = 1_000_000" -f data.sql       (60 million are 2.5 GB)
SET preserve_insertion_order = false;
SET VARIABLE orders = getvariable('lines') // 4;

COPY (
  SELECT i AS order_id, (i * 40503 % (getvariable('orders') // 8))::INT AS customer_id
  FROM range(getvariable('orders')) AS t(i)
) TO 'orders' (FORMAT parquet, FILE_SIZE_BYTES '64MB');

COPY (
  SELECT
    i * 7919 % getvariable('orders') AS order_id,
    md5(i::VARCHAR) AS article,
    (1 + i % 9)::INT AS quantity,
    (i * 2654435761 % 100_000)::INT AS cents
  FROM range(getvariable('lines')) AS t(i)
) TO 'lines' (FORMAT parquet, FILE_SIZE_BYTES '128MB');
