"""Hand-written imitations of the corpora of conspiracy talk, and of those whose labels are weak."""

from __future__ import annotations

import json

# corpus: (files, rows as (text, labels that are known))
CONSPIRACY: dict[str, tuple[dict[str, str], list[tuple[str, dict[str, float]]]]] = {
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
    "webimmunization_synth_tweets": (
        {"tweets.csv": "theory,label,text\nx,support,wake up\nx,deny,no plot\nx,neutral,hm\n"},
        [("wake up", {"conspiracy": 1}), ("no plot", {"conspiracy": 0}), ("hm", {"conspiracy": 0})],
    ),
    "acti_evalita2023_it": (
        {"subtaskA_train.csv": "Id,comment_text,conspiratorial\n0,ci mentono,1\n1,piove,0\n"},
        [("ci mentono", {"conspiracy": 1}), ("piove", {"conspiracy": 0})],
    ),
}

# corpus: (files, rows as (text, what its weak label says of conspiracy))
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
}
