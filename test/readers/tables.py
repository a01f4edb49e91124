"""Reads a Parquet file with DuckDB and with pandas, and the same table as CSV with DuckDB. Prints as JSON its columns with
their types, and of each node how often it ran and how long, by each reader."""

import json
import sys

import duckdb
import pandas

BY_NODE = """select subgraph, node, operator, count(*)::bigint, sum(duration_ns)::bigint, sum(self_ns)::bigint,
             count(distinct invoke)::bigint from '{}' group by all order by all"""


def with_pandas(path: str) -> list:
    frame = pandas.read_parquet(path)
    groups = frame.groupby(["subgraph", "node", "operator"])
    table = groups.agg(runs=("op", "size"), duration=("duration_ns", "sum"), own=("self_ns", "sum"), invokes=("invoke", "nunique"))
    return [list(row) for row in table.reset_index().sort_values(list(table.reset_index().columns)).values.tolist()]


def main() -> None:
    parquet, csv = sys.argv[1:]
    as_text = f"select * from read_csv('{csv}', nullstr='NULL')"  # an empty text is one
    json.dump({
        "columns": [list(column[:2]) for column in duckdb.sql(f"describe select * from '{parquet}'").fetchall()],
        "duckdb": [list(row) for row in duckdb.sql(BY_NODE.format(parquet)).fetchall()],
        "csv": [list(row) for row in duckdb.sql(BY_NODE.format(csv)).fetchall()],
        "pandas": with_pandas(parquet),
        "nulls": sum(int(n) for n in pandas.read_parquet(parquet).isna().sum()),
        "differ": duckdb.sql(f"select count(*) from ((select * from '{parquet}') except all ({as_text}))").fetchall()[0][0],
    }, sys.stdout)


main()
