"""What every rpc of the contract must declare."""

from tests.rpcs import rpcs

from quarterdeck_server.auth.domain.role import GRANTS


def test_every_rpc_declares_a_permission_a_path_and_its_comment() -> None:
    assert all(rpc.permission != "UNSPECIFIED" for rpc in rpcs())
    assert all(rpc.http[1].startswith("/v1/") for rpc in rpcs())
    assert len({rpc.http for rpc in rpcs()}) == len(rpcs())


def test_every_permission_is_granted_by_a_role_and_guards_an_rpc() -> None:
    granted = set().union(*GRANTS.values())
    assert granted == {rpc.permission for rpc in rpcs()} - {"PUBLIC", "ANY"}
