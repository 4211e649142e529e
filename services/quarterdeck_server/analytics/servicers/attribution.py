"""AttributionService."""

from quarterdeck.api.analytics.v1 import attribution_service_pb2 as pb
from quarterdeck.api.analytics.v1.attribution_service_pb2_grpc import AttributionServiceServicer
from quarterdeck_server.analytics.attributing import Attributor
from quarterdeck_server.analytics.contributing import Contributor
from quarterdeck_server.analytics.mapping import attribution as mapping
from quarterdeck_server.analytics.mapping import brinson, contribution
from quarterdeck_server.analytics.mapping.asking import conventions_to
from quarterdeck_server.analytics.measuring import Measurer
from quarterdeck_server.analytics.servicers.scope import allowed, within_scope
from quarterdeck_server.runtime.caller import current
from quarterdeck_server.runtime.service import Context


class AttributionServicer(AttributionServiceServicer):
    """Serves where returns came from."""

    def __init__(
        self, measurer: Measurer, attributor: Attributor, contributor: Contributor
    ) -> None:
        self._measurer = measurer
        self._attributor, self._contributor = attributor, contributor

    async def ComputeBrinson(
        self, request: pb.ComputeBrinsonRequest, context: Context
    ) -> pb.ComputeBrinsonResponse:
        asked = brinson.asked_from(request)
        for name, one in (("portfolio", asked.portfolio), ("benchmark", asked.benchmark)):
            within_scope(one, name)
        told = await self._attributor.told(asked)
        answer = pb.ComputeBrinsonResponse(attribution=brinson.attribution_to(told, asked.linking))
        if request.with_columns:
            answer.columns.CopyFrom(brinson.columns_to(told.attribution))
        return answer

    async def ComputeContributions(
        self, request: pb.ComputeContributionsRequest, context: Context
    ) -> pb.ComputeContributionsResponse:
        asked = contribution.asked_from(request)
        current().require_view(asked.account, asked.strategy)
        told = await self._contributor.told(asked)
        return pb.ComputeContributionsResponse(
            contributions=contribution.contributions_to(told, asked.key)
        )

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
