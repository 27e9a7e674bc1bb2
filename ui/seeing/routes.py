"""The route that Prometheus asks."""

from fastapi import APIRouter, Request, Response

from ui.seeing.metrics import CONTENT_TYPE_LATEST, Metrics

router = APIRouter()


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """The figures of this process."""
    counted: Metrics = request.app.state.metrics
    return Response(counted.text(), media_type=CONTENT_TYPE_LATEST)
