from pipeline.prefix import Prefix
from tests.lambda_world import World


def test_the_consoles_folders_and_the_marker_are_no_objects(world: World) -> None:
    for name in ("a.csv", "folder/", "_SUCCESS", "b/_SUCCESS", "_SUCCESS.csv"):
        world.upload(f"in/{name}")
    found = Prefix("in-bucket", "in/").objects(world.client("s3"))
    names = [each.get("Key") for each in found]
    assert names == ["in/_SUCCESS.csv", "in/a.csv", "in/b/_SUCCESS"]
