from collections import Counter

from tests.support.builders import OFF, ON, a_bare_metal_server, an_instance
from vpcmetactl.domain.fleet_counts import Shape, counted_shapes
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.subjects import Origin, Subject

_SERVER, _INSTANCE = Origin.SERVER, ServerKind.INSTANCE


def test_subjects_pass_through_and_those_that_are_alike_are_counted_together() -> None:
    subjects = [
        Subject(an_instance("a", metadata_service=ON)),
        Subject(an_instance("b", metadata_service=ON)),
        Subject(an_instance("c", metadata_service=ON), Origin.INSTANCE_TEMPLATE),
        Subject(an_instance("d", region="", metadata_service=None)),
        Subject(a_bare_metal_server("e", metadata_service=OFF)),
    ]
    shapes: Counter[Shape] = Counter()
    assert list(counted_shapes(iter(subjects), shapes)) == subjects
    bare_metal = ServerKind.BARE_METAL_SERVER
    enabled, disabled = True, False
    assert shapes == {
        Shape(_SERVER, _INSTANCE, "us-south", enabled, "http", 1): 2,
        Shape(Origin.INSTANCE_TEMPLATE, _INSTANCE, "us-south", enabled, "http", 1): 1,
        Shape(_SERVER, _INSTANCE, "", None, None, None): 1,
        Shape(_SERVER, bare_metal, "us-south", disabled, "http", 1): 1,
    }
