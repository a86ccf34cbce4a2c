"""Hand-written imitations of the corpora of abuse: a few lines in the shape of each, and what they say."""

from __future__ import annotations

import json

from moderation.schema import LABELS

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
ABUSE: dict[str, tuple[dict[str, str], list[tuple[str, dict[str, float]]]]] = {
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
    "antisemitism_jikeli_gold": (
        {"tweets.csv": "Text,CreateDate,Biased,Keyword\nold trope,x,1,k\nhistory lesson,x,0,k\n"},
        [("old trope", {"identity_attack": 1}), ("history lesson", {"identity_attack": 0})],
    ),
}
