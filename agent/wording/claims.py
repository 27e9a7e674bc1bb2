"""Kinds of claim that no field of any catalog shows: prizes, sales, verdicts of critics, where a work came from."""

import re

UNPROVABLE = re.compile(
    r"\b(?:oscars?|academy awards?|golden globes?|emmys?|bafta|palme d.or|award|awards|award-winning|prizes?|"
    r"nominat(?:ed|ion|ions)|box[- ]office|blockbusters?|budget|sequels?|prequels?|remakes?|reboot|"
    r"true story|critics?|critically|acclaim\w*|rotten|imdb|best-?sell\w+|record-?breaking|"
    r"premios?|premiad[oa]s?|galardon\w+|nominad[oa]s?|taquilla|secuela|precuela|críticos?|"
    r"césars?|primé|primée|récompens\w+|nommé aux|box-office|suite de|adapté d|critiques|"
    r"preise?|preisgekrönt\w*|ausgezeichnet mit|nominiert\w*|kassenschlager|fortsetzung|neuverfilmung|kritiker\w*|"
    r"prêmios?|indicad[oa]s? ao|bilheteria|sequência de|aclamad[oa]s?)\b"
    r"|奥斯卡|金像奖|金球奖|获奖|得奖|提名|票房|续集|前传|翻拍|豆瓣|影评|"
    r"アカデミー賞|受賞|ノミネート|興行収入|続編|リメイク|批評家|"
    r"아카데미|수상|후보에 올|흥행|속편|리메이크|평론가",
    re.IGNORECASE,
)
"""A sentence with such a word goes out only where the word stands in the ledger."""
