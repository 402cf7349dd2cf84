"""Tests of deployments. A new version or setting gets a tenth of the requests first, and no request goes to $LATEST."""

import re
import tomllib
from typing import Any

import pytest
import yaml

import latchkey
from tests.kit import sam_template

FUNCTIONS = sorted(sam_template.resources("AWS::Serverless::Function"))
WORKFLOWS = sorted((sam_template.PROJECT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (sam_template.PROJECT / "Makefile").read_text()


def expanded(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of the resources of a type after SAM's transform, by logical id."""
    return {
        name: one["Properties"] for name, one in sam_template.expanded()["Resources"].items() if one["Type"] == kind
    }


def referred(value: Any) -> set[str]:
    """Return the names that a value of the template refers to."""
    if isinstance(value, list):
        return set().union(*map(referred, value))
    if not isinstance(value, dict):
        return set()
    found = {value["Ref"]} if "Ref" in value else set()
    if "Fn::Sub" in value:
        text = value["Fn::Sub"] if isinstance(value["Fn::Sub"], str) else value["Fn::Sub"][0]
        found |= set(re.findall(r"\$\{([\w:.]+)\}", text))
    return found.union(*map(referred, value.values()))


# ── versions ──


def test_every_event_goes_to_the_alias() -> None:
    """$LATEST is the code that was deployed last, before any request has tested it."""
    calls = [
        *(properties["FunctionName"] for properties in expanded("AWS::Lambda::EventSourceMapping").values()),
        *(properties["FunctionName"] for properties in expanded("AWS::Lambda::Permission").values()),
        *(target["Arn"] for properties in expanded("AWS::Events::Rule").values() for target in properties["Targets"]),
    ]

    assert calls
    assert {call["Ref"] for call in calls} <= set(expanded("AWS::Lambda::Alias"))


def test_every_route_leads_to_the_alias() -> None:
    (api,) = expanded("AWS::ApiGatewayV2::Api").values()
    for path in api["Body"]["paths"].values():
        for operation in path.values():
            uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
            called = re.findall(r"functions/\$\{(\w+)\}", uri)
            assert set(called) <= set(expanded("AWS::Lambda::Alias"))
            assert called


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_parameter_alone_makes_a_new_version(function: str) -> None:
    """SAM publishes a version only when a property of the function changes in the template. A parameter or a layer
    changes the version's description, which contains them. Lambda publishes nothing if the function is unchanged.
    """
    properties = sam_template.resources("AWS::Serverless::Function")[function]

    assert properties["AutoPublishAliasAllProperties"] is True
    images = {"ImagesLayer"} if function in {"Admin", "Console"} else set()
    assert (
        referred(properties["VersionDescription"]) == {"Configuration", "DependenciesLayer", "LatchkeyLayer"} | images
    )
    assert sam_template.variables(function)["CONFIGURATION"] == {"Ref": "Configuration"}


def test_the_configuration_has_a_number_for_every_setting_of_a_function() -> None:
    (configuration,) = sam_template.resources("AWS::AppConfig::HostedConfigurationVersion").values()
    properties = set().union(*(referred(sam_template.variables(function)) for function in FUNCTIONS))

    assert referred(configuration["Content"]) == properties & set(sam_template.parameters())


def test_a_version_says_which_layers_it_has_as_they_are_deployed() -> None:
    layers = set(expanded("AWS::Lambda::LayerVersion"))
    for name, version in expanded("AWS::Lambda::Version").items():
        assert referred(version["Description"]) - layers == {"Configuration"}
        assert len(referred(version["Description"]) & layers) == (
            3 if name.startswith(("AdminVersion", "ConsoleVersion")) else 2
        )


HOLD_BACK = ("FunctionErrorsAlarm", "FailuresAlarm", "ProbeAlarm")


def test_a_canary_is_rolled_back_when_functions_fail() -> None:
    watching = sam_template.watching("AWS::CloudWatch::Alarm")
    for group in expanded("AWS::CodeDeploy::DeploymentGroup").values():
        condition, canary, at_once = group["AlarmConfiguration"]["Fn::If"]
        assert condition == "Canary"
        alarms = {alarm["Name"]["Fn::Sub"].replace("AWS::StackName", "Stack") for alarm in canary["Alarms"]}
        assert alarms == {alarm["AlarmName"]["Fn::Sub"] for alarm in map(watching.__getitem__, HOLD_BACK)}
        assert at_once == {}
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]


def test_the_probe_runs_before_a_canary_but_not_at_once() -> None:
    """B202: CodeDeploy invokes it by a role that may invoke nothing else."""
    preference = sam_template.resources("AWS::Serverless::Function")["RequestLink"]["DeploymentPreference"]
    role = sam_template.resources("AWS::IAM::Role")["ReleaseRole"]
    (allowed,) = (one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"])
    hooks = [
        resource["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"].get("BeforeAllowTrafficHook")
        for resource in sam_template.expanded()["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Alias"
    ]

    assert [hook for hook in hooks if hook] == [{"Fn::If": ["Canary", {"Ref": "Probe"}, {"Ref": "AWS::NoValue"}]}]
    assert preference["Role"] == {"Fn::GetAtt": ["ReleaseRole", "Arn"]}
    assert (allowed["Action"], allowed["Resource"]) == ("lambda:InvokeFunction", {"Fn::GetAtt": ["Probe", "Arn"]})


def test_alarms_that_hold_a_version_back_do_not_wait_for_it() -> None:
    """The nested stack of alarms needs the API, and the API needs the aliases: they name their alarms, and refer to
    nothing of that stack."""
    for group in expanded("AWS::CodeDeploy::DeploymentGroup").values():
        assert referred(group["AlarmConfiguration"]) == {"AWS::StackName"}


# ── stages ──


def test_the_version_in_the_outputs_is_the_packages() -> None:
    assert sam_template.document()["Outputs"]["Version"]["Value"] == latchkey.__version__


def test_a_first_deployment_asks_for_the_senders_domain_and_nothing_else() -> None:
    parameters = sam_template.document()["Parameters"]

    assert [name for name, properties in parameters.items() if "Default" not in properties] == ["SenderDomain"]
    assert next(iter(parameters)) == "SenderDomain"
    assert all(properties["Description"] for properties in parameters.values())


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_a_stage_is_deployed_as_what_it_is(stage: str) -> None:
    properties = tomllib.loads((sam_template.PROJECT / "samconfig.toml").read_text())[stage]
    deployed = properties["deploy"]["parameters"]
    overrides = dict(pair.split("=") for pair in properties["global"]["parameters"]["parameter_overrides"].split())

    assert properties["global"]["parameters"]["stack_name"] == f"latchkey-{stage}"
    assert overrides["Stage"] == stage
    assert overrides.keys() <= sam_template.parameters().keys()
    assert f"stage={stage}" in deployed["tags"]
    assert deployed["confirm_changeset"] is (stage == "prod")
    assert "Rollout" not in overrides or stage == "dev", "people are let in by a canary"


@pytest.mark.parametrize("stage", ["default", "dev", "staging", "prod"])
def test_layers_are_built_for_the_processor_that_is_deployed(stage: str) -> None:
    """`sam build` does not read options of `deploy`. It would build for the template's default."""
    properties = tomllib.loads((sam_template.PROJECT / "samconfig.toml").read_text())[stage]

    assert "Architecture=" in properties["global"]["parameters"]["parameter_overrides"]
    assert not [
        command for command, part in properties.items() if command != "global" and "parameter_overrides" in str(part)
    ]


def test_nothing_is_deployed_that_was_built_for_another_processor() -> None:
    (ship,) = re.findall(r"^ship = (.+\n(?:\t.+\n)+)", MAKEFILE, re.MULTILINE)

    assert ship.index(" build ") < ship.index("operate architecture") < ship.index(" deploy ")


# ── workflows ──


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    """Return every step of every job."""
    return [step for job in workflow["jobs"].values() for step in job.get("steps", ())]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_does_nothing_that_make_does_not(file: Any) -> None:
    workflow = yaml.safe_load(file.read_text())

    for step in steps(workflow):
        if "run" in step:
            verb = re.fullmatch(r"make ([a-z]+)( [A-Z]+=[\w-]+)*", step["run"])
            assert verb, step["run"]
            assert f"\n{verb[1]}: " in MAKEFILE
            assert f".PHONY: {verb[1]}\n" in MAKEFILE


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda path: path.name)
def test_an_action_is_pinned_by_its_commit(file: Any) -> None:
    text = file.read_text()

    for used in re.findall(r"uses: (.+)", text):
        assert used.startswith("./") or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_and_a_job_that_deploys_may_take_its_role(file: Any) -> None:
    workflow = yaml.safe_load(file.read_text())

    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        takes_a_role = any("configure-aws-credentials" in step.get("uses", "") for step in job.get("steps", ()))
        allowed = {"contents": "read", "id-token": "write"} if takes_a_role else workflow["permissions"]
        assert job.get("permissions", workflow["permissions"]) == allowed
        assert not takes_a_role or job["environment"]
    assert "secrets." not in file.read_text()
