"""What a run looked like: one HTML page, of the run and of the stack's own dashboard.

The page needs no network and no JavaScript. It shows the deployed dashboard definition, widget by
widget, with the data points of the run in the place of CloudWatch's.
"""

from local.report_html.page import render

__all__ = ["render"]
