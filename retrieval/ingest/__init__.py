"""Bring your own catalog: CSV, JSONL or Parquet files become a dataset in a data folder."""

from retrieval.ingest.plan import IngestPlan, IngestReport, ingest, plan_ingest
from retrieval.ingest.spec import Columns, IngestSpec, read_spec
from retrieval.ingest.tables import BadRow

__all__ = ["BadRow", "Columns", "IngestPlan", "IngestReport", "IngestSpec", "ingest", "plan_ingest", "read_spec"]
