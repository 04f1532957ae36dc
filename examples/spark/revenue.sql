-- The same on one machine, in a directory with both inputs:  duckdb -f revenue.sql
COPY (
  SELECT
    customer_id,
    count(*) AS lines,
    sum(quantity)::BIGINT AS pieces,
    sum(quantity::BIGINT * cents)::BIGINT AS cents,
    max(article) AS last_article
  FROM read_parquet('lines/*') JOIN read_parquet('orders/*') USING (order_id)
  GROUP BY customer_id
) TO 'revenue.parquet';
