"""Corpora of every shape are read as the registry says: imitations here, the real files where they are."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from moderation.errors import DataError, UsageError
from moderation.schema import LABELS
from moderation.train.corpora import COLUMNS, check_corpus, load_corpora, load_corpus, registry

SIX = "toxic,severe_toxic,obscene,threat,insult,identity_hate"
ANNOTATIONS = """annotation,comment_id,country,all toxic,not toxic
1,10,X,False,False
2,10,X,True,True
3,11,X,True,True
4,11,X,False,False
"""
SPANS = """annotation,type,start,end
1,Insult,8,12
1,Threat,0,3
4,,0,0
"""
GUEST = "entry_id,body,level_1,level_2,level_3,split\n"

# corpus: (files, rows as (text, labels that are known))
CASES: dict[str, tuple[dict[str, str], list[tuple[str, dict[str, float]]]]] = {
    "jigsaw_train_any_label": (
        {
            "jigsaw_train_any_label.csv": "text,any_label\nfine day,0\nyou oaf!,1\nyou lump,1\n",
            "../jigsaw_train_first20k_6labels/jigsaw_train_rows_00000_19999.csv": (
                f"train_row,comment_text,{SIX}\n0,You OAF http://x.example/1,1,0,0,0,1,0\n"
            ),
            "../jigsaw_hieunt91_2k/toxic_comments.csv": f"id,comment_text,{SIX},dataset\na,b,0,0,0,0,0,0,x\n",
            "../jigsaw_hieunt91_2k/toxic_comments_older_version.csv": f"id,comment_text,{SIX},dataset\n",
        },
        [
            ("fine day", dict.fromkeys(LABELS[:5], 0) | {"severe": 0}),
            (
                "you oaf!",
                {"abusive": 1, "insult": 1, "threat": 0, "identity_attack": 0, "obscene": 0, "severe": 0},
            ),
            ("you lump", {"abusive": 1}),
        ],
    ),
    "perspective_2k": (
        {
            "perspective_2k.jsonl": json.dumps(
                {
                    "comment_text": "go\nhome",
                    "TOXICITY@6": 0.5,
                    "SEVERE_TOXICITY@2": 0.25,
                    "IDENTITY_ATTACK": 0,
                    "INSULT": 1,
                    "PROFANITY": 0.75,
                    "SEXUALLY_EXPLICIT": 0.125,
                    "THREAT": 0.0,
                }
            )
        },
        [
            (
                "go\nhome",
                {
                    "abusive": 0.5,
                    "insult": 1,
                    "threat": 0,
                    "identity_attack": 0,
                    "obscene": 0.75,
                    "sexually_explicit": 0.125,
                    "severe": 0.25,
                },
            )
        ],
    ),
    "toxic_spans": (
        {
            "comments.csv": "comment_id,comment_text\n10,you are a fool\n11,who knows\n",
            "annotations.csv": ANNOTATIONS,
            "spans.csv": SPANS,
        },
        [
            (
                "you are a fool",
                {"abusive": 0.5, "insult": 0.5, "threat": 0.5, "identity_attack": 0, "obscene": 0},
            ),
            ("who knows", {"abusive": 0, "insult": 0, "threat": 0, "identity_attack": 0, "obscene": 0}),
        ],
    ),
    "kaggle_insults": (
        {"train.csv": 'Insult,Date,Comment\n1,2012,"""you\\\\nfool"""\n0,,"""a\\xa0nice one"""\n'},
        [("you\nfool", {"abusive": 1, "insult": 1}), ("a\xa0nice one", {"insult": 0})],
    ),
    "ucc": (
        {"val.csv": "comment,hostile,antagonize\nwell done,0,0\nyou troll,0,1\n"},
        [("well done", {"abusive": 0}), ("you troll", {"abusive": 1})],
    ),
    "davidson": (
        {"labeled_data.csv": ",count,hate_speech,offensive_language,tweet\n0,4,1,2,salt &amp; oafs\n"},
        [("salt & oafs", {"abusive": 0.75, "identity_attack": 0.25})],
    ),
    "tweeteval": (
        {
            "offensive_train_text.txt": "so\u2028nice \nyou oaf\n",
            "offensive_train_labels.txt": "0\n1\n",
            **{
                f"{task}_{part}_{kind}.txt": "t\n" if kind == "text" else "0\n"
                for task, part in (
                    ("offensive", "val"),
                    ("offensive", "test"),
                    ("hate", "val"),
                    ("hate", "test"),
                )
                for kind in ("text", "labels")
            },
            "hate_train_text.txt": "send them home\nshe is a liar\n",
            "hate_train_labels.txt": "1\n0\n",
        },
        [
            ("so\u2028nice", {"abusive": 0}),
            ("you oaf", {"abusive": 1}),
            ("t", {"abusive": 0}),
            ("t", {"abusive": 0}),
            ("send them home", {"abusive": 1, "identity_attack": 1}),
            ("she is a liar", {"identity_attack": 0}),
            ("t", {"identity_attack": 0}),
            ("t", {"identity_attack": 0}),
        ],
    ),
    "gab_hate_corpus": (
        {"ghc_train.tsv": 'text\thd\tcv\tvo\n"a ""quoted"" one"\t0\t0\t0\nget them\t0\t1\t0\noaf\t0\t0\t1\n'},
        [
            ('a "quoted" one', {"abusive": 0, "identity_attack": 0, "threat": 0}),
            ("get them", {"abusive": 1, "identity_attack": 1, "threat": 1}),
            ("oaf", {"abusive": 1, "identity_attack": 0, "threat": 0}),
        ],
    ),
    "implicit_hate": (
        {
            "implicit_hate_v1_stg1_posts.tsv": (
                "post\tclass\nour turn comes\timplicit_hate\nthey smell\texplicit_hate\nold news\tnot_hate\n"
            ),
            "implicit_hate_v1_stg2_posts.tsv": (
                "post\timplicit_class\textra_implicit_class\nour turn comes\tirony\tthreatening\n"
            ),
        },
        [
            ("our turn comes", {"identity_attack": 1, "threat": 1}),
            ("they smell", {"abusive": 1, "identity_attack": 1}),
            ("old news", {"identity_attack": 0, "threat": 0}),
        ],
    ),
    "hatexplain": (
        {
            "train.csv": 'label\ttext\noffensive\tsay " it\n',
            "valid.csv": "label\ttext\nhatespeech\tthose people\n",
            "test.csv": "label\ttext\nnormal\thello\n",
        },
        [
            ('say " it', {"abusive": 1}),
            ("those people", {"abusive": 1, "identity_attack": 1}),
            ("hello", {"abusive": 0, "identity_attack": 0}),
        ],
    ),
    "edos": (
        {
            "edos_train_dev.csv": (
                "rewire_id,text,label_sexist,label_category,label_vector,split\n"
                'a,get her,sexist,"1. threats, plans to harm and incitement",1.1 threats of harm,train\n'
                'b,slur,sexist,3. animosity,"3.1 casual use of gendered slurs, profanities",dev\n'
                "c,lunch,not sexist,none,none,train\n"
                "d,never seen,not sexist,none,none,test\n"
            )
        },
        [
            ("get her", {"abusive": 1, "identity_attack": 1, "threat": 1}),
            ("slur", {"threat": 0}),
            ("lunch", {"identity_attack": 0, "threat": 0}),
        ],
    ),
    "guest_misogyny": (
        {
            "final_labels.csv": GUEST
            + "a,she is dim,Misogynistic,Derogation,Intellectual_inferiority,train\n"
            + "a,she is dim,Misogynistic,Misogynistic_personal_attack,Threatening_Physical_violence,train\n"
            + "b,you are dim,Nonmisogynistic,Nonmisogynistic_personal_attack,,test\n"
            + "c,she is lewd,Misogynistic,Derogation,Other,train\n"
            + "d,hello,Nonmisogynistic,None_of_the_categories,,train\n"
        },
        [
            ("she is dim", {"abusive": 1, "insult": 1, "identity_attack": 1, "threat": 1}),
            ("you are dim", {"abusive": 1, "insult": 1, "identity_attack": 0, "threat": 0}),
            ("she is lewd", {"abusive": 1, "identity_attack": 1, "threat": 0}),
            ("hello", {"abusive": 0, "insult": 0, "identity_attack": 0, "threat": 0}),
        ],
    ),
    "abuse_analyzer_gab": (
        {
            "AbuseAnalyzer_Dataset.tsv": (
                "Post Text\tEmoji\tHate/Non-Hate\tTarget of Hate\tClass of Hate\n"
                "rain\tnan\t1\tnan\tnan\nyou oaf\tnan\t2\t1-2\t1\nget them\tnan\t2\t2\t3\n"
            )
        },
        [
            ("rain", {"abusive": 0, "insult": 0, "threat": 0, "identity_attack": 0, "severe": 0}),
            ("you oaf", {"abusive": 1, "insult": 1, "threat": 0, "severe": 0}),
            ("get them", {"abusive": 1, "threat": 1, "identity_attack": 1, "severe": 1}),
        ],
    ),
    "stormfront": (
        {
            "stormfront_sentences.csv": (
                'label,text\nnoHate,"Nice , is n\'t it ?"\nhate,They stink .\nrelation,See .\nidk/skip,??\n'
            )
        },
        [
            ("Nice, isn't it?", {"abusive": 0, "identity_attack": 0}),
            ("They stink.", {"abusive": 1, "identity_attack": 1}),
        ],
    ),
    "paradetox": (
        {
            "paradetox.tsv": "toxic\tneutral1\tneutral2\tneutral3\nyou oaf !\tYou err.\t\tYou err.\n",
            "paradetox_cannot_rewrite.tsv": (
                "\tINPUT:toxic_comment\tOUTPUT:reasons\n"
                '0\t"""oaf ."""\t"{""toxic_content"":true}"\n'
                '1\t"""fine ."""\t"{""not_toxic"":true}"\n'
                '2\t"""hm"""\t"{""unclear"":true}"\n'
            ),
        },
        [
            ("you oaf!", {"abusive": 1}),
            ("You err.", {"abusive": 0}),
            ("oaf.", {"abusive": 1}),
            ("fine.", {"abusive": 0}),
        ],
    ),
    "ethos": (
        {
            "Ethos_Dataset_Binary.csv": "comment;isHate\nget them;0.75\nnice day;0.25\n",
            "Ethos_Dataset_Multi_Label.csv": "comment;violence;race\nget them;0.5;1\n",
        },
        [
            ("get them", {"abusive": 0.75, "identity_attack": 0.75, "threat": 0.5}),
            ("nice day", {"identity_attack": 0.25}),
        ],
    ),
    "ruddit": (
        {"ruddit_with_text.csv": "offensiveness_score,comment_body\n-0.5,thanks\n0.1,[deleted]\n1.0,oaf\n"},
        [("thanks", {"abusive": 0.25}), ("oaf", {"abusive": 1})],
    ),
    "cat_context": (
        {
            "gn.csv": "id,text,label,api,parent\n1,alone,0,.1,\n",
            "gc.csv": "id,text,parent,label,api\n2,in context,before,1,.1\n",
            "cat_small.csv": "text,tox_codes_oc,label_oc\nshort,[0.  0.5 1. ],0\nempty,[],0\n",
        },
        [("alone", {"abusive": 0}), ("in context", {"abusive": 1}), ("short", {"abusive": 0.5})],
    ),
    "madlibs": (
        {"bias_madlibs_77k.csv": 'Text,Label,Template\n"hate oafs",BAD,x\n"hug oafs",NOT_BAD,x\n'},
        [("hate oafs", {"abusive": 1}), ("hug oafs", {"abusive": 0})],
    ),
    "cyberbullying_mendeley": (
        {
            "youtube_parsed_dataset.csv": "index,Text,oh_label\n0,you oaf,1\n",
            "twitter_parsed_dataset.csv": "index,Text,Annotation\n1,those lot,racism\n2,a,none\n3,b,\n",
        },
        [("you oaf", {"abusive": 1}), ("those lot", {"identity_attack": 1}), ("a", {"identity_attack": 0})],
    ),
    "conda_game_chat": (
        {
            "CONDA_train.csv": "Id,utterance,intentClass\n1,ez [SEPA] noobs,E\n2,#NAME?,O\n",
            "CONDA_valid.csv": "Id,utterance,intentClass\n3,go mid,A\n",
        },
        [("ez\nnoobs", {"abusive": 1}), ("go mid", {"abusive": 0})],
    ),
    "trac1_aggression": (
        {"agr_en_train.csv": 'fb1,"so, yes",NAG\nfb2,sly,CAG\n', "agr_en_dev.csv": "fb3,oaf,OAG\n"},
        [("so, yes", {"abusive": 0}), ("oaf", {"abusive": 1})],
    ),
    "germeval2018_de": (
        {
            "germeval2018.training.txt": 'Du "Depp|LBR|da\tOFFENSE\tINSULT\nDie da\tOFFENSE\tABUSE\n',
            "germeval2018.test.txt": "Mist\tOFFENSE\tPROFANITY\nMoin\tOTHER\tOTHER\n",
        },
        [
            ('Du "Depp\nda', {"abusive": 1, "insult": 1, "identity_attack": 0}),
            ("Die da", {"abusive": 1, "identity_attack": 1}),
            ("Mist", {"abusive": 1, "insult": 0, "identity_attack": 0, "obscene": 1}),
            ("Moin", {"abusive": 0, "insult": 0, "identity_attack": 0, "obscene": 0}),
        ],
    ),
    "hatebr_pt": (
        {"HateBR.csv": "id,comentario,anotator1,anotator2,anotator3,label_final\n1,lixo,1,1,0,1\n"},
        [("lixo", {"abusive": 2 / 3})],
    ),
    "hatemoji": (
        {
            name: f"entry_id,text,type,split,label_gold,matched_text\n1,{text},{kind},{split},{gold},x\n"
            for name, text, kind, split, gold in (
                ("train.csv", "\U0001f5e1 them", "threateninglanguage", "train", 1),
                ("validation.csv", "\U0001f44f them", "none", "dev", 0),
                ("hatemojibuild_test.csv", "\U0001f400 lot", "derogation", "test", 1),
            )
        },
        [
            ("\U0001f5e1 them", {"abusive": 1, "identity_attack": 1, "threat": 1}),
            ("\U0001f44f them", {"abusive": 0, "identity_attack": 0, "threat": 0}),
            ("\U0001f400 lot", {"abusive": 1, "identity_attack": 1, "threat": 0}),
        ],
    ),
    "psycomark_semeval2026t10": (
        {
            "train.jsonl": "\n".join(
                json.dumps({"text": text, "conspiracy": said, "markers": []})
                for text, said in (("they hide it", "Yes"), ("it rained", "No"), ("who knows", "Can't tell"))
            )
        },
        [("they hide it", {"conspiracy": 1}), ("it rained", {"conspiracy": 0})],
    ),
    "mediaeval2020_fakenews": (
        {"data.csv": "ID,Text,Label\n1,masts kill,1\n2,labs &lt;made&gt; it,2\n3,soap helps,3\n"},
        [
            ("masts kill", {"conspiracy": 1}),
            ("labs <made> it", {"conspiracy": 1}),
            ("soap helps", {"conspiracy": 0}),
        ],
    ),
    "caves": (
        {
            "train.csv": "ID,text,labels\n1t,A plan !,conspiracy pharma\n",
            "val.csv": "ID,text,labels\n2t,Too quick .,rushed\n",
        },
        [("A plan!", {"conspiracy": 1}), ("Too quick.", {"conspiracy": 0})],
    ),
    "prct_youtube_telegram": (
        {
            "gold_standard.csv": (
                "CommentText,Model_Classification,Annotation\na b,PRCT,True\n"
                "labs lt made gt them,PRCT,False\n"
                "e f,Non-PRCT,True\nit rained,Non-PRCT,False\nh j,PRCT,True\n"
            )
        },
        [
            ("a b", {"conspiracy": 1}),
            ("labs lt made gt them", {"conspiracy": 0}),
            ("e f", {"conspiracy": 0}),
            ("it rained", {"conspiracy": 1}),
            ("h j", {"conspiracy": 1}),
        ],
    ),
    "antisemitism_jikeli_gold": (
        {"tweets.csv": "Text,CreateDate,Biased,Keyword\nold trope,x,1,k\nhistory lesson,x,0,k\n"},
        [("old trope", {"identity_attack": 1}), ("history lesson", {"identity_attack": 0})],
    ),
    "acti_evalita2023_it": (
        {"subtaskA_train.csv": "Id,comment_text,conspiratorial\n0,ci mentono,1\n1,piove,0\n"},
        [("ci mentono", {"conspiracy": 1}), ("piove", {"conspiracy": 0})],
    ),
}

WEAK: dict[str, tuple[dict[str, str], list[tuple[str, float | None]]]] = {
    "constraint2021_covid_fake": (
        {
            "Constraint_Train.csv": "id,tweet,label\n1,cases rise,real\n2,garlic cures,fake\n",
            "Constraint_Val.csv": "id,tweet,label\n",
            "english_test_with_labels.csv": "id,tweet,label\n",
        },
        [("cases rise", 0), ("garlic cures", None)],
    ),
    "euvsdisinfo_claims": (
        {"posts.csv": "title,keywords\nThey did it,NATO+Conspiracy theory\nA coup,Coup\n"},
        [("They did it", 1), ("A coup", None)],
    ),
    "reddit_conspiracy_vs_news_comments_weak": (
        {"AllComments.csv": "\ufeffcomment_id,category,comment\n1,1,open your eyes\n2,2,[removed]\n3,2,ok\n"},
        [("open your eyes", 1), ("ok", 0)],
    ),
    "reddit_posts_weak": (
        {"posts.csv": "subreddit,title,selftext\nconspiracy,Masts,why?\nnews,Rain,\n"},
        [("Masts\n\nwhy?", 1), ("Rain", 0)],
    ),
    "reddit_top_titles_2013_weak": (
        {"titles_18subs.csv": "subreddit,title,selftext\n911truth,Why,\nUFOs,Light,\nscience,Bees,\n"},
        [("Why", 1), ("Light", None), ("Bees", 0)],
    ),
    "reddit_vaccine_threads_weak": (
        {"comments_4subs_noauthor.csv": "subreddit,comment\nconspiracy,aha\npolitics,well\n,lost\n"},
        [("aha", 1), ("well", 0), ("lost", None)],
    ),
    "youtube_conspiracy_videos_faddoul": (
        {"training_set.csv": "title,description,label\nSecrets,They know,1\nCats,,-1\n"},
        [("Secrets\n\nThey know", 1), ("Cats", 0)],
    ),
    "loco_sample2000_articles": (
        {"loco_sample2000.csv": "loco_conspiracy,gpt35_conspiracy,text\n1,True,A plot\n0,False,A budget\n"},
        [("A plot", 1), ("A budget", 0)],
    ),
    "qdrops_json_qanon": (
        {"posts.jsonl": '{"text": "Watch"}\n\n{"post_metadata": {}}\n'},
        [("Watch", 1)],
    ),
    "webimmunization_synth_tweets": (
        {"tweets.csv": "theory,label,text\nx,support,wake up\nx,deny,no plot\nx,neutral,hm\n"},
        [("wake up", 1), ("no plot", 0), ("hm", 0)],
    ),
}


def put(folder: Path, corpus: str, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = folder / registry()[corpus].folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")


def known(frame: pd.DataFrame) -> list[tuple[str, dict[str, float]]]:
    """Return texts with the labels that they carry."""
    return [
        (row["text"], {label: pytest.approx(row[label]) for label in LABELS if pd.notna(row[label])})
        for row in frame.to_dict("records")
    ]


@pytest.mark.parametrize("corpus", CASES)
def test_labels_follow_from_the_columns_and_stay_unknown_where_nobody_asked(
    corpus: str, tmp_path: Path
) -> None:
    files, expected = CASES[corpus]
    put(tmp_path, corpus, files)
    frame = load_corpus(corpus, tmp_path)
    assert known(frame) == expected
    assert tuple(frame.columns) == COLUMNS
    assert set(frame["corpus"]) == {corpus}
    assert all(frame[label].dtype == "float32" for label in LABELS)


@pytest.mark.parametrize("corpus", WEAK)
def test_vocabulary_corpora_keep_their_texts_and_lend_their_labels_on_request_only(
    corpus: str, tmp_path: Path
) -> None:
    files, expected = WEAK[corpus]
    put(tmp_path, corpus, files)
    plain, weak = load_corpus(corpus, tmp_path), load_corpus(corpus, tmp_path, weak=True)
    assert plain[list(LABELS)].isna().all(axis=None)
    assert list(plain["text"]) == [text for text, _ in expected]
    assert known(weak) == [(text, {} if said is None else {"conspiracy": said}) for text, said in expected]


def test_every_corpus_has_an_imitation_here() -> None:
    here = {*CASES, *WEAK, "jigsaw_train_first20k_6labels", "jigsaw_hieunt91_2k", "pan2024_oppositional"}
    here |= {"partisanlens_headlines_es_it_pt", "written"}
    assert here == {name for name, spec in registry().items() if spec.use != "lexicon"}


def test_pan_is_put_back_together_and_keeps_its_languages(tmp_path: Path) -> None:
    for language, text in (("en", 'We wo n\'t " comply " , see https :// t . me / y'), ("es", "¿ Por qué ?")):
        records = [
            {"id": "1", "text": text, "category": "CONSPIRACY"},
            {"id": "2", "text": "-", "category": "CRITICAL"},
        ]
        put(tmp_path, "pan2024_oppositional", {f"dataset_{language}_dev.json": json.dumps(records)})
    frame = load_corpus("pan2024_oppositional", tmp_path)
    said = frame[frame["conspiracy"] == 1].set_index("language")["text"].to_dict()
    assert said == {"en": 'We won\'t "comply", see https://t.me/y', "es": "¿Por qué?"}


def test_a_column_may_state_the_language(tmp_path: Path) -> None:
    head = "text,language,prct_gold_label\n"
    put(
        tmp_path,
        "partisanlens_headlines_es_it_pt",
        {"train.csv": head + "Ciao,ITA,0.0\nHola,SPA,1.0\n", "test.csv": head + "Olá,PT,0.0\n"},
    )
    frame = load_corpus("partisanlens_headlines_es_it_pt", tmp_path)
    assert list(frame["language"]) == ["it", "es", "pt"]
    assert list(frame["source_split"]) == ["train", "train", "test"]
    assert list(frame["conspiracy"]) == [0, 1, 0]


def test_rewrites_and_counterparts_follow_the_text_they_come_from(tmp_path: Path) -> None:
    put(tmp_path, "paradetox", CASES["paradetox"][0])
    frame = load_corpus("paradetox", tmp_path).set_index("text")
    assert frame.loc["You err.", "leader"] == frame.loc["you oaf!", "near"] != frame.loc["You err.", "near"]
    assert frame.loc["oaf.", "leader"] == frame.loc["oaf.", "near"]
    assert list(frame["weight"]) == [1, 1, 0.5, 0.5]


def test_gzipped_files_are_the_same_files(tmp_path: Path) -> None:
    files, expected = CASES["ucc"]
    put(tmp_path, "ucc", files)
    plain = tmp_path / registry()["ucc"].folder / "val.csv"
    plain.with_name("val.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert known(load_corpus("ucc", tmp_path)) == expected


def test_hostile_characters_do_not_get_into_texts(tmp_path: Path) -> None:
    put(tmp_path, "ucc", {"val.csv": 'comment,hostile,antagonize\n"a\x00b\r\nc",0,0\n'})
    put(tmp_path, "psycomark_semeval2026t10", {"train.jsonl": '{"text": "x\\ud800y", "conspiracy": "No"}'})
    texts = load_corpora(["ucc", "psycomark_semeval2026t10"], tmp_path)["text"]
    assert all("\x00" not in text and text.encode("utf-8") for text in texts)
    assert texts[1] == "x\ufffdy"


def test_exam_rows_are_not_loaded_and_rows_are_numbered_without_them(tmp_path: Path) -> None:
    # SHA-256 of "text 6", as an integer, is divisible by 5; that of the others is not.
    rows = "".join(f"{n},Text -- {n}!,3\n" for n in range(8))
    put(tmp_path, "mediaeval2020_fakenews", {"data.csv": "ID,Text,Label\n" + rows})
    frame = load_corpus("mediaeval2020_fakenews", tmp_path)
    kept = [n for n in range(8) if int(hashlib.sha256(f"text {n}".encode()).hexdigest(), 16) % 5]
    assert 0 < len(kept) < 8
    assert list(frame["text"]) == [f"Text -- {n}!" for n in kept]
    assert list(frame["row"]) == list(range(len(kept)))


def test_texts_of_an_official_test_file_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, "toxic_spans", CASES["toxic_spans"][0] | {"tsd_test.csv": "spans,text\n[],Who knows?\n"})
    assert list(load_corpus("toxic_spans", tmp_path)["text"]) == ["you are a fool"]


def test_parts_of_a_corpus_are_not_counted_twice(tmp_path: Path) -> None:
    put(tmp_path, "jigsaw_train_any_label", CASES["jigsaw_train_any_label"][0])
    rows = f"train_row,comment_text,{SIX}\n0,You OAF,1,0,0,0,1,0\n1,only here,0,0,0,0,0,0\n"
    put(tmp_path, "jigsaw_train_first20k_6labels", {"jigsaw_train_rows_00000_19999.csv": rows})
    both = load_corpora(["jigsaw_train_first20k_6labels", "jigsaw_train_any_label"], tmp_path)
    assert sorted(both["text"]) == ["fine day", "only here", "you lump", "you oaf!"]
    assert len(load_corpus("jigsaw_train_first20k_6labels", tmp_path)) == 2


def test_the_written_corpus_knows_every_label_of_every_text() -> None:
    frame = load_corpus("written")
    assert frame[list(LABELS)].isin((0, 1)).all(axis=None)
    assert {"abusive", "conspiracy"} <= {label for label in LABELS if frame[label].sum() > 100}
    assert frame["source_split"].str.match("abuse_|conspiracy_").all()


def test_the_folder_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, expected = CASES["ucc"]
    put(tmp_path, "ucc", files)
    monkeypatch.setenv("MODERATION_CORPORA", str(tmp_path))
    assert known(load_corpus("ucc")) == expected
    monkeypatch.delenv("MODERATION_CORPORA")
    with pytest.raises(UsageError, match="MODERATION_CORPORA"):
        load_corpus("ucc")


@pytest.mark.parametrize(
    ("corpus", "files", "message"),
    [
        ("ucc", {}, r"val\.csv is missing; download it"),
        ("ucc", {"val.csv": "comment,hostile\na,0\n"}, r"val\.csv has no column 'antagonize'"),
        ("ucc", {"val.csv": "text,hostile,antagonize\na,0,0\n"}, r"val\.csv has no column 'comment'"),
        ("ucc", {"val.csv.gz": "not gzip"}, r"val\.csv\.gz cannot be read"),
        (
            "davidson",
            {"labeled_data.csv": "tweet,count,hate_speech,offensive_language\na,x,0,0\n"},
            "column 'count': Unable",
        ),
        ("ruddit", {"ruddit_with_text.csv": "offensiveness_score,comment_body\n7,a\n"}, "outside 0 to 1"),
        ("psycomark_semeval2026t10", {"train.jsonl": '{"text": "a"}\n{'}, "line 2: not JSON"),
        (
            "prct_youtube_telegram",
            {"gold_standard.csv": "CommentText,Model_Classification,Annotation\na,PRCT,?\n"},
            "Ann",
        ),
    ],
)
def test_errors_name_the_file_and_the_place(
    corpus: str, files: dict[str, str], message: str, tmp_path: Path
) -> None:
    put(tmp_path, corpus, files)
    with pytest.raises(DataError, match=message):
        load_corpus(corpus, tmp_path)


def test_labels_that_do_not_belong_to_their_lines_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "tweeteval", CASES["tweeteval"][0] | {"hate_test_labels.txt": "0\n1\n"})
    with pytest.raises(DataError, match=r"hate_test_text\.txt has 1 lines, hate_test_labels\.txt has 2"):
        load_corpus("tweeteval", tmp_path)


def test_unknown_names_are_told_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no corpus 'davison'; known: .*davidson"):
        load_corpora(["davison"], tmp_path)
    with pytest.raises(UsageError, match="no such folder"):
        load_corpus("davidson", tmp_path / "away")
    with pytest.raises(UsageError, match="load_lexicon"):
        load_corpus("ldnoobw", tmp_path)


@pytest.mark.samples
@pytest.mark.parametrize(
    "corpus",
    [
        "pan2024_oppositional",
        "psycomark_semeval2026t10",
        "prct_youtube_telegram",
        "toxic_spans",
        "kaggle_insults",
        "ethos",
        "hatemoji",
        "caves",
    ],
)
def test_real_files_are_those_that_the_registry_describes(corpora: Path, corpus: str) -> None:
    check = check_corpus(corpus, corpora)
    assert check.ok, check


@pytest.mark.samples
def test_real_texts_are_plain(corpora: Path) -> None:
    frame = load_corpora(
        ["pan2024_oppositional", "caves", "kaggle_insults", "mediaeval2020_fakenews"], corpora
    )
    assert not frame["text"].str.contains(r"\w n't\b|\\xa0|https :", regex=True).any()
    assert (frame["text"].str.strip() == frame["text"]).all()
