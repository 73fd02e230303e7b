"""Charts as plain geometry: data in; coordinates, ticks, words and a table out. Drawn by templates/charts.

Across, everything is in per cent of the drawing's width; down, in pixels of a fixed height. So a chart fills
any width without a script, and its text never shrinks.
"""

from webapp.services.report.charts.bars import bars, stacked
from webapp.services.report.charts.grid import heatmap
from webapp.services.report.charts.lines import line, spark
from webapp.services.report.charts.parts import Cell, Chart, Point, Strand, Table

__all__ = ["Cell", "Chart", "Point", "Strand", "Table", "bars", "heatmap", "line", "spark", "stacked"]
