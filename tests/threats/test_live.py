"""All attacks with the real small model: whatever it is led to, nothing that could do harm is shown."""

import pytest

from tests.agent.conftest import MakeAgent
from tests.threats.attacks import ATTACKS
from tests.threats.conftest import begun, check_harmless

pytestmark = pytest.mark.live


async def test_no_attack_gets_more_than_words_out_of_the_small_model(make_agent: MakeAgent, model_url: str):
    agent = await make_agent(url=model_url, driver="schema", llm={"timeout_s": 120, "turn_s": 240})
    led = []

    for attack in ATTACKS:
        reply = await agent.reply(begun(agent, attack), attack.message)
        check_harmless(agent, reply, own=[attack.message, *(text for _, text in attack.history)])
        led.append(reply.trace.driver)

    # the model itself answered, rather than the rules that take over from it
    assert led.count("schema") >= 0.8 * len(ATTACKS)
