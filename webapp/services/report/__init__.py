"""Reports: what the ledger says about how the work goes: measured, and the figures made of it."""

from webapp.services.report.compute import Answers, Ask, answer, request_answers
from webapp.services.report.figures import (
    Bar,
    Bucket,
    Figure,
    HeatCell,
    Layer,
    Part,
    Report,
    Series,
    breakdown,
    figure,
    heatmap,
    histogram,
    metric_named,
    open_report,
    series,
)
from webapp.services.report.follow import Rebuilt, catch_up, measured_until, rebuild
from webapp.services.report.frame import Frame, frame_of, zone_name
from webapp.services.report.measure import measure
from webapp.services.report.registry import BREAKDOWNS, METRICS, Metric
from webapp.services.report.rows import MeasuredRow, RowPage, rows
from webapp.services.report.sheets import (
    Sheet,
    breakdown_sheet,
    heatmap_sheet,
    histogram_sheet,
    request_rows,
    rows_sheet,
    series_sheet,
    sheet_address,
)

__all__ = [
    "BREAKDOWNS",
    "METRICS",
    "Answers",
    "Ask",
    "Bar",
    "Bucket",
    "Figure",
    "Frame",
    "HeatCell",
    "Layer",
    "MeasuredRow",
    "Metric",
    "Part",
    "Rebuilt",
    "Report",
    "RowPage",
    "Series",
    "Sheet",
    "answer",
    "breakdown",
    "breakdown_sheet",
    "catch_up",
    "figure",
    "frame_of",
    "heatmap",
    "heatmap_sheet",
    "histogram",
    "histogram_sheet",
    "measure",
    "measured_until",
    "metric_named",
    "open_report",
    "rebuild",
    "request_answers",
    "request_rows",
    "rows",
    "rows_sheet",
    "series",
    "series_sheet",
    "sheet_address",
    "zone_name",
]
