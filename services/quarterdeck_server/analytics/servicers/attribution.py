"""AttributionService."""

from quarterdeck.api.analytics.v1 import attribution_service_pb2 as pb
from quarterdeck.api.analytics.v1.attribution_service_pb2_grpc import AttributionServiceServicer
from quarterdeck_server.analytics.mapping import attribution as mapping
from quarterdeck_server.analytics.mapping.asking import conventions_to
from quarterdeck_server.analytics.measuring import Measurer
from quarterdeck_server.analytics.servicers.scope import allowed
from quarterdeck_server.runtime.service import Context


class AttributionServicer(AttributionServiceServicer):
    """Serves where returns came from."""

    def __init__(self, measurer: Measurer) -> None:
        self._measurer = measurer

    async def ComputeFactors(
        self, request: pb.ComputeFactorsRequest, context: Context
    ) -> pb.ComputeFactorsResponse:
        asked = allowed(mapping.asked_from(request))
        lags = request.lags if request.HasField("lags") else None
        found = await self._measurer.explained(asked, lags)
        periods = asked.choices.conventions.periods_per_year
        names = [factor.name for factor in request.factors]
        return pb.ComputeFactorsResponse(
            regression=mapping.regression_to(found, names, periods),
            conventions=conventions_to(asked.choices),
        )
