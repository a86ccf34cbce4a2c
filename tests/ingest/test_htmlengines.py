"""Pages of comment systems and forums: each system's markup, small, with its buttons, dates and votes."""

# ruff: noqa: E501 - pages as they are written

from __future__ import annotations

import pytest

from moderation.ingest.formats.htmlengines import LOOSE, engines

PAGE = """<!DOCTYPE html><html><head><title>The ferry</title></head><body><nav><ul><li><a href="/">Home</a></li></ul></nav>
<article><h1>The ferry</h1><p>It crosses every hour.</p></article>%s<footer><p>Imprint</p></footer></body></html>"""

NESTED = [
    ("Ann", "Is the ferry free?", None),
    ("Bob", "Two coins.\n\nPrams are free.", "Ann"),
    ("Cem", "Thanks", None),
]
FLAT = [(author, text, None) for author, text, _ in NESTED]
TWO = "<p>Two coins.</p><p>Prams are free.</p>"
BREAKS = "Two coins.<br><br>Prams are free."

# Markup of one comment with {n}, {who}, {what} and {inner}, how replies are wrapped, what else stands there.
NESTING: dict[str, tuple[str, str, str]] = {
    "wpdiscuz": (
        '<div id="wpd-comm-{n}_0" class="comment wpd-comment"><div class="wpd-comment-left"><img alt="{who}"></div><div id="comment-{n}" class="wpd-comment-right"><div class="wpd-comment-header"><div class="wpd-comment-author">{who}</div><div class="wpd-comment-date" title="4 May 2021 10:20">3 years ago</div></div><div class="wpd-comment-text">{what}</div><div class="wpd-comment-footer"><div class="wpd-vote-result">4</div><div class="wpd-reply-button">Reply</div></div></div>{inner}</div>',
        "%s",
        '<div class="wpd-thread-info">3 Comments</div><p>Oldest Newest</p>',
    ),
    "wpdiscuz-5": (
        '<div id="wc-comm-{n}_0" class="wc-comment"><div class="wc-comment-right"><div class="wc-comment-header"><div class="wc-comment-author"><a>{who}</a></div></div><div class="wc-comment-text">{what}</div><div class="wc-comment-footer"><div class="wc-vote-result">0</div><span class="wc-reply-button">Reply</span></div></div>{inner}</div>',
        "%s",
        "",
    ),
    "disqus": (
        '<li class="post" id="post-{n}"><div class="post-content"><ul class="dropdown-menu"><li>Flag as inappropriate</li></ul><header><span class="post-byline"><span class="author"><a>{who}</a></span></span><a class="time-ago" title="Tuesday, May 4, 2021 10:20 AM">3 years ago</a></header><div class="post-message">{what}</div><footer><a class="vote-up"><span class="count">4</span></a><a>Reply</a><a>Share</a></footer></div>{inner}</li>',
        '<ul class="children">%s</ul>',
        "<nav><a>3 comments</a><a>Login</a></nav>",
    ),
    "reddit-old": (
        '<div class="thing comment" id="thing_t1_c{n}"><div class="midcol"><div class="arrow up"></div></div><div class="entry"><p class="tagline"><a class="expand">[–]</a><a class="author">{who}</a> <span class="score dislikes">3 points</span><span class="score unvoted" title="4">4 points</span><time datetime="2021-05-04T10:20:00+00:00">3 years ago</time></p><form class="usertext"><div class="usertext-body"><div class="md">{what}</div></div></form><ul class="buttons"><li>permalink</li><li>reply</li></ul></div><div class="child">{inner}</div></div>',
        '<div class="sitetable">%s</div>',
        "<p>all 3 comments sorted by: best</p>",
    ),
    "reddit": (
        '<shreddit-comment thingid="t1_c{n}" author="{who}" score="4" depth="0"><div slot="commentMeta"><a>{who}</a> • 3y ago</div><div slot="comment"><div class="md">{what}</div></div><shreddit-comment-action-row>Upvote 4 Reply</shreddit-comment-action-row>{inner}</shreddit-comment>',
        "%s",
        "",
    ),
    "lemmy": (
        '<li class="comment list-unstyled"><article id="comment-{n}" class="details comment-node py-2"><div class="d-flex"><button>–</button><span class="person-listing"><a class="person-listing"><span>{who}</span></a></span><button>4</button><span class="moment-time" data-tippy-content="Tuesday, May 4th, 2021 at 10:20:00 AM GMT">3 years ago</span></div><div class="comment-content"><div class="md-div">{what}</div></div><div><button>reply</button></div></article>{inner}</li>',
        '<ul class="comments">%s</ul>',
        "<p>3 comments, sorted by: Hot</p>",
    ),
    "youtube": (
        '<ytd-comment-thread-renderer><ytd-comment-view-model id="comment"><div id="header-author"><h3><a id="author-text"><span>{who}</span></a></h3><span id="published-time-text"><a href="/watch?v=x&amp;lc=Ug{n}">2 years ago</a></span></div><yt-attributed-string id="content-text"><span>{what}</span></yt-attributed-string><tp-yt-paper-button>Read more</tp-yt-paper-button><div id="toolbar"><span id="vote-count-middle">4</span><div>Reply</div></div></ytd-comment-view-model><div id="replies">{inner}</div></ytd-comment-thread-renderer>',
        "<ytd-comment-replies-renderer><div>1 reply</div>%s</ytd-comment-replies-renderer>",
        "<h2>3 Comments</h2><div>Sort by</div>",
    ),
    "isso": (
        '<div class="isso-comment" id="isso-{n}"><div class="isso-text-wrapper"><div class="isso-comment-header"><span class="isso-author">{who}</span><a class="isso-permalink"><time datetime="2021-05-04T10:20:00Z">3 years ago</time></a></div><div class="isso-text">{what}</div><div class="isso-comment-footer"><span class="isso-votes">4</span><a class="isso-reply">Reply</a></div></div><div class="isso-follow-up">{inner}</div></div>',
        "%s",
        "<h4>3 Comments</h4>",
    ),
    "remark42": (
        '<div class="thread"><article id="remark42__comment-{n}" class="comment"><div class="comment__info"><button class="comment__username">{who}</button><a class="comment__time">May 4, 2021</a><span class="comment__score">4</span></div><div class="comment__body"><div class="comment__text raw-content">{what}</div><div class="comment__actions"><button>Reply</button></div></div></article>{inner}</div>',
        "%s",
        "<p>Powered by Remark42</p>",
    ),
    "commento": (
        '<div id="commento-comment-card-{n}" class="commento-card"><div class="commento-header"><div class="commento-name">{who}</div><div class="commento-score">4 points</div><div class="commento-timeago" title="2021-05-04T10:20:00Z">3 years ago</div></div><div><div class="commento-body">{what}</div>{inner}</div></div>',
        "%s",
        "",
    ),
    "coral": (
        '<div class="coral-comment" id="comment-{n}"><div class="coral-username"><span>{who}</span></div><span class="coral-timestamp">3 days ago</span><div class="coral-comment-content">{what}</div><div class="coral-actionbar">Respect 4 Reply Share</div>{inner}</div>',
        "%s",
        "<p>All comments 3</p>",
    ),
    "guardian": (
        '<li class="d-comment" id="comment-{n}"><div class="d-comment__inner"><span class="d-comment__author">{who}</span><a class="d-comment__timestamp"><time datetime="2021-05-04T10:20:00Z">4 May 2021</time></a><div class="d-comment__body">{what}</div><span class="d-comment__recommend">4</span><a>Reply</a></div>{inner}</li>',
        '<ul class="d-thread--responses">%s</ul>',
        "",
    ),
    "intensedebate": (
        '<div class="idc-c" id="IDComment{n}"><div class="idc-c-h"><span class="idc-v-total">+4</span><a class="idc-a">{who}</a><span>3 weeks ago</span></div><div class="idc-c-t"><div class="idc-c-t-inner">{what}</div></div><div class="idc-c-b"><a>Reply</a></div><div class="idc-thread">{inner}</div></div>',
        "%s",
        "",
    ),
    "forem": (
        '<details class="comment-wrapper" id="comment-node-{n}" open><summary>Collapse</summary><div class="comment"><div class="comment__header"><a class="crayons-link">{who}</a><time datetime="2021-05-04T10:20:00Z">May 4</time></div><div class="comment__body">{what}</div><footer><span class="reactions-count">4</span> likes <a>Reply</a></footer></div>{inner}</details>',
        "%s",
        "",
    ),
    "slashdot": (
        '<li id="tree_{n}" class="comment"><div class="commentTop"><div class="title"><h4>Re: ferry</h4><span class="score">(Score:4)</span></div><div class="details"><span class="by">by <a>{who}</a></span><span class="otherdetails">on Tuesday May 04, 2021</span></div></div><div class="commentBody"><div>{what}</div></div><div class="commentSub">Reply to This</div>{inner}</li>',
        "<ul>%s</ul>",
        "",
    ),
    "lwn": (
        '<details class="CommentBox" open><summary><h3 class="CommentTitle">Ferry</h3><p class="CommentPoster">Posted May 4, 2021 by <b>{who}</b> (subscriber, #4)</p></summary><div class="FormattedComment">{what}</div><div class="CommentReplyButton">Reply to this comment</div>{inner}</details>',
        "%s",
        "",
    ),
    "habr": (
        '<section class="tm-comment-thread"><article class="tm-comment-thread__comment" id="comment_{n}"><header><a class="tm-user-info__username">{who}</a><time datetime="2021-05-04T10:20:00Z">4 May</time></header><div class="tm-comment__body-content">{what}</div><span class="tm-votes-lever__score-counter">+4</span><a>Reply</a></article>{inner}</section>',
        '<div class="tm-comment-thread__children">%s</div>',
        "",
    ),
    "drupal": (
        '<article class="comment" id="comment-{n}"><footer class="comment__meta"><p class="comment__submitted">Submitted by <span class="username">{who}</span> on 04/05/2021</p></footer><div class="content"><h3><a>Ferry</a></h3><div class="field field--name-comment-body">{what}</div><ul class="links"><li>Reply</li></ul></div></article>{inner}',
        '<div class="indented">%s</div>',
        "<h2>Comments</h2>",
    ),
    "facebook-plugin": (
        '<div class="_3-8y _5nz1"><div><a class="UFICommentActorName">{who}</a><div class="_30o4"><span class="_5mdd"><span>{what}</span></span></div><div class="_2vq9">Like · Reply · 4 · <abbr>3y</abbr></div></div><div class="_44ri">{inner}</div></div>',
        "%s",
        "<div>3 comments</div>",
    ),
}  # fmt: skip

# Markup of one comment, and what stands around all of them.
LISTED: dict[str, tuple[str, str]] = {
    "phpbb": (
        '<div id="p{n}" class="post bg2"><dl class="postprofile"><dt><a class="username">{who}</a></dt><dd>Posts: 312</dd><dd>Joined: 4 May 2012</dd></dl><div class="postbody"><h3>Re: The ferry</h3><p class="author">by <strong><a class="username">{who}</a></strong> » <time datetime="2021-05-04T10:20:00+00:00">Tue May 04, 2021</time></p><div class="content">{what}</div><div class="signature">It rains.</div></div></div>',
        "%s",
    ),
    "phpbb-subsilver": (
        '<table class="tablebg"><tr><td><b class="postauthor">{who}</b></td><td>Posted: Tue May 04, 2021</td></tr><tr><td>Joined: 2012</td><td><div class="postbody">{what}</div></td></tr></table>',
        "%s",
    ),
    "vbulletin-4": (
        '<li class="postbitlegacy postcontainer" id="post_{n}"><div class="posthead"><span class="date">05-04-2021</span><a>#1</a></div><div class="userinfo"><a class="username">{who}</a><span class="usertitle">Senior Member</span></div><div class="postbody"><h2 class="title">Re: The ferry</h2><blockquote class="postcontent restore">{what}</blockquote></div><div class="postfoot">Reply With Quote</div></li>',
        '<ol id="posts">%s</ol>',
    ),
    "vbulletin-3": (
        '<table id="post{n}"><tr><td>05-04-2021, 10:20</td><td>#1</td></tr><tr><td><a class="bigusername">{who}</a><div>Senior Member</div><div>Posts: 312</div></td></tr><tr><td><div id="post_message_{n}">{what}</div></td></tr></table>',
        '<div id="posts">%s</div>',
    ),
    "vbulletin-5": (
        '<li class="b-post" data-node-id="{n}"><div class="b-userinfo__details"><a class="author">{who}</a></div><time datetime="2021-05-04T10:20:00">May 4</time><div class="js-post__content-text">{what}</div><ul class="b-post-control"><li>Like</li></ul></li>',
        "<ul>%s</ul>",
    ),
    "xenforo-2": (
        '<article class="message message--post" data-author="{who}" id="js-post-{n}"><h4 class="message-name"><a class="username">{who}</a></h4><h5>Member</h5><time datetime="2021-05-04T10:20:00+0000">May 4, 2021</time><div class="bbWrapper">{what}</div><div class="reactionsBar">Cem and 2 others</div></article>',
        "%s",
    ),
    "xenforo-1": (
        '<li id="post-{n}" class="message" data-author="{who}"><div class="messageUserInfo"><a class="username">{who}</a></div><blockquote class="messageText">{what}<div class="messageTextEndMarker">&nbsp;</div></blockquote><div class="messageMeta"><a class="datePermalink">May 4, 2021</a> Reply</div></li>',
        '<ol class="messageList">%s</ol>',
    ),
    "mybb": (
        '<div class="post" id="post_{n}"><div class="post_author"><div class="author_information"><strong><a>{who}</a></strong></div></div><div class="post_content"><span class="post_date">05-04-2021</span><div class="post_body">{what}</div></div><div class="post_controls">Find Reply</div></div>',
        '<div id="posts">%s</div>',
    ),
    "smf": (
        '<div class="post_wrapper"><div class="poster"><h4><a>{who}</a></h4><ul><li>Posts: 312</li></ul></div><div class="postarea"><h5>Re: The ferry</h5><div class="smalltext">« Reply #1 on: May 04, 2021 »</div><div class="inner" id="msg_{n}">{what}</div></div></div>',
        "%s",
    ),
    "discourse": (
        '<div class="topic-post"><article id="post_{n}" data-post-id="{n}"><div class="topic-avatar"></div><div class="topic-body"><div class="names"><span class="first username"><a>{who}</a></span> <span class="user-title">Regular</span></div><div class="post-date"><span class="relative-date" data-time="1620123600000" title="May 4, 2021 10:20 am">3y</span></div><div class="cooked"><p>{what}</p></div><nav><button class="like-count">4</button> Reply</nav></div></article></div>',
        '<div class="post-stream">%s</div>',
    ),
    "discourse-crawler": (
        '<div id="post_{n}" class="topic-body crawler-post"><div class="crawler-post-meta"><span class="creator" itemprop="author"><a><span itemprop="name">{who}</span></a></span><span class="crawler-post-infos"><time datetime="2021-05-04T10:20:00Z" class="post-time">May 4, 2021, 10:20am</time><span itemprop="position">1</span></span></div><div class="post" itemprop="text"><p>{what}</p></div><div><meta itemprop="userInteractionCount" content="4"><span class="post-likes">4 Likes</span></div></div>',
        '<div id="main-outlet">%s</div>',
    ),
    "flarum": (
        '<div class="PostStream-item" data-time="2021-05-04T10:20:00.000Z" data-number="1" data-id="{n}"><article class="CommentPost Post"><header class="Post-header"><li class="item-user"><h3 class="PostUser-name"><a><span class="Avatar">A</span><span class="username">{who}</span></a></h3></li><li class="item-meta"><time datetime="2021-05-04T10:20:00Z">4 May</time><span class="PostMeta-number">Post #1</span></li></header><div class="Post-body"><p>{what}</p></div><aside class="Post-actions"><button>Reply</button></aside></article></div>',
        '<div class="PostStream">%s</div>',
    ),
    "nodebb": (
        '<li component="post" data-pid="{n}" data-username="{who}"><meta itemprop="datePublished" content="2021-05-04T10:20:00.000Z"><a data-uid="1">{who}</a> <span>wrote on</span> <span class="timeago" title="2021-05-04T10:20:00.000Z">4 May 2021</span><div class="content" component="post/content"><p>{what}</p></div><div class="post-footer"><a>Reply</a> <a>Quote</a> <a component="post/vote-count" data-votes="4">4</a></div></li>',
        '<ul component="topic">%s</ul>',
    ),
    "vanilla": (
        '<li class="Item ItemComment" id="Comment_{n}"><div class="Comment"><div class="CommentHeader"><span class="Author"><a class="PhotoWrap"><img alt="{who}"></a><a class="Username">{who}</a></span><div class="Meta"><time datetime="2021-05-04T10:20:00+00:00">May 2021</time></div></div><div class="Item-Body"><div class="Message userContent"><p>{what}</p></div><div class="Reactions">Like 4</div></div></div></li>',
        '<ul class="MessageList">%s</ul>',
    ),
    "mastodon": (
        '<article data-id="{n}"><div class="status"><div class="status__info"><a href="/@x/{n}" class="status__relative-time"><time datetime="2021-05-04T10:20:00.000Z">4 May</time></a><a class="status__display-name"><span class="display-name"><strong class="display-name__html">Some name</strong><span class="display-name__account">{who}</span></span></a></div><div class="status__content"><div class="status__content__text"><p>{what}</p></div></div><div class="status__action-bar">4</div></div></article>',
        "%s",
    ),
    "x": (
        '<article data-testid="tweet"><div data-testid="User-Name"><a href="/a"><span>{who}</span></a><a href="/a">@handle</a> · <a href="/a/status/{n}"><time datetime="2021-05-04T10:20:00.000Z">May 4</time></a></div><div data-testid="tweetText"><span>{what}</span></div><div role="group"><button data-testid="like">4</button></div></article>',
        "%s",
    ),
    "punbb": (
        '<div id="p{n}" class="blockpost"><h2><span>#1</span> 2021-05-04</h2><div class="postleft"><dl><dt><strong><a>{who}</a></strong></dt><dd>Member</dd></dl></div><div class="postright"><h3>Re: The ferry</h3><div class="postmsg">{what}</div></div></div>',
        "%s",
    ),
    "invision": (
        '<article id="elComment_{n}" class="ipsComment"><aside class="ipsComment_author"><h3><strong><a href="/profile/{n}">{who}</a></strong></h3><li>Members</li></aside><time datetime="2021-05-04T10:20:00Z">May 4</time><div data-role="commentContent">{what}</div><ul class="ipsComment_controls"><li>Quote</li></ul></article>',
        "%s",
    ),
    "bbpress": (
        '<div class="bbp-body"><div id="post-{n}" class="bbp-reply-header"><span class="bbp-reply-post-date">May 4, 2021</span></div><div class="post-{n} reply"><div class="bbp-reply-author"><a class="bbp-author-name">{who}</a><div class="bbp-author-role">Participant</div></div><div class="bbp-reply-content">{what}</div></div></div>',
        "%s",
    ),
    "metafilter": (
        '<div class="comments" id="{n}">{what}<span class="smallcopy">posted by <a>{who}</a> at 10:20 AM on May 4 [4 favorites]</span></div><br>',
        "%s",
    ),
    "stackexchange": (
        '<li id="comment-{n}" class="comment js-comment"><div class="comment-score"><span>4</span></div><div class="comment-text"><span class="comment-copy">{what}</span> – <a class="comment-user">{who}</a> <span class="comment-date"><span title="2021-05-04 10:20:00Z">May 4 at 10:20</span></span></div></li>',
        "<ul>%s</ul>",
    ),
    "github": (
        '<div class="timeline-comment" id="issuecomment-{n}"><h3><a class="author">{who}</a> commented <relative-time datetime="2021-05-04T10:20:00Z">May 4</relative-time></h3><table><td class="comment-body js-comment-body">{what}</td></table><div>👍 4</div></div>',
        "%s",
    ),
    "serendipity": (
        '<div id="c{n}" class="serendipity_comment"><div class="serendipity_commentBody">{what}</div><div class="serendipity_comment_source"><span class="comment_source_author">{who}</span> on May 4 (Reply)</div></div>',
        "%s",
    ),
    "komento": (
        '<li id="kmt-{n}" class="kmt-item"><div class="kmt-head">#1 <b class="kmt-author">{who}</b><time datetime="2021-05-04 10:20">May 4</time></div><div class="kmt-body">{what}</div><div class="kmt-control"><span class="kmt-likes"><b>4</b> Like</span> Reply</div></li>',
        "<ul>%s</ul>",
    ),
    "amazon": (
        '<li id="R{n}" data-hook="review"><span class="a-profile-name">{who}</span><i>4,0 of 5 stars</i><span class="review-date">Reviewed on May 4, 2021</span><div class="review-text"><span>{what}</span></div><span>4 people found this helpful</span> Report</li>',
        "<ul>%s</ul>",
    ),
    "goodreads-2012": (
        '<div class="review" id="review_{n}"><a class="reviewDate">May 04, 2021</a><span itemprop="author"><a class="user">{who}</a></span> rated it <div class="reviewText"><span>{what}</span></div><div class="reviewFooter"><span class="likesCount">4 likes</span></div></div>',
        "%s",
    ),
    "goodreads": (
        '<article class="ReviewCard"><div class="ReviewerProfile__name"><a>{who}</a></div><span>May 4, 2021</span><section class="ReviewText__content"><span>{what}</span></section><span>4 likes</span></article>',
        "%s",
    ),
    "imdb": (
        '<div class="lister-item"><div class="lister-item-content"><span>7/10</span><a class="title">Ferry!</a><span class="display-name-link"><a>{who}</a></span><span class="review-date">4 May 2021</span><div class="content"><div class="text">{what}</div><div class="actions">4 out of 9 found this helpful.</div></div></div></div>',
        "%s",
    ),
    "discordchatexporter": (
        '<div id="chatlog__message-container-{n}" class="chatlog__message-container"><span class="chatlog__author">{who}</span><span class="chatlog__timestamp" title="Tuesday, May 4, 2021">05/04/2021</span><div class="chatlog__content">{what}</div></div>',
        '<div class="chatlog">%s</div>',
    ),
    "telegram-web": (
        '<div class="tgme_widget_message" data-post="c/{n}"><a class="tgme_widget_message_owner_name"><span>{who}</span></a><div class="tgme_widget_message_text">{what}</div><span class="tgme_widget_message_views">4K</span><time datetime="2021-05-04T10:20:00+00:00">10:20</time></div>',
        "%s",
    ),
    "telegram-export": (
        '<div class="message default clearfix" id="message{n}"><div class="body"><div class="pull_right date" title="04.05.2021 10:20:00">10:20</div><div class="from_name">{who}</div><div class="text">{what}</div></div></div>',
        '<div class="history">%s</div>',
    ),
}  # fmt: skip

HACKERNEWS = "<table>%s</table>"
ROW = '<tr class="athing comtr" id="{n}"><td><table><tr><td class="ind" indent="{depth}"></td><td><span class="comhead"><a class="hnuser">{who}</a><span class="age" title="2021-05-04T10:20:00">3 years ago</span> | prev | next</span><div class="comment"><div class="commtext c00">{what}<div class="reply">reply</div></div></div></td></tr></table></td></tr>'


def _found(table) -> list[tuple[object, ...]]:
    rows = table.to_pylist()
    authors = {row["comment_id"]: row["author"] for row in rows}
    assert {row["source"] for row in rows} == {"html"}
    return [
        (row["author"], row["text"], authors[row["parent_id"]] if row["parent_id"] else None) for row in rows
    ]


@pytest.mark.parametrize("name", NESTING)
def test_pages_whose_comments_stand_in_each_other(name: str, read) -> None:
    one, wrap, above = NESTING[name]
    reply = wrap % one.format(n=12, who="Bob", what=TWO, inner="")
    page = one.format(n=11, who="Ann", what="<p>Is the ferry free?</p>", inner=reply)
    page += one.format(n=13, who="Cem", what="<p>Thanks</p>", inner="")
    table, accounting = read(PAGE % (above + page))
    assert _found(table) == NESTED
    assert accounting.read == table.num_rows + accounting.skipped.total()


@pytest.mark.parametrize("name", LISTED)
def test_pages_whose_comments_stand_one_below_another(name: str, read) -> None:
    one, around = LISTED[name]
    page = one.format(n=11, who="Ann", what="Is the ferry free?")
    page += one.format(n=12, who="Bob", what=BREAKS) + one.format(n=13, who="Cem", what="Thanks")
    assert _found(read(PAGE % (around % page))[0]) == FLAT


def test_hacker_news_shows_replies_by_their_indent(read) -> None:
    rows = [(11, 0, "Ann", "Is the ferry free?"), (12, 1, "Bob", TWO), (13, 0, "Cem", "Thanks")]
    page = "".join(ROW.format(n=n, depth=depth, who=who, what=what) for n, depth, who, what in rows)
    table, _ = read(PAGE % (HACKERNEWS % page))
    assert _found(table) == NESTED
    assert table["comment_id"].to_pylist() == ["11", "12", "13"]
    assert table["created_at"][0].as_py().isoformat() == "2021-05-04T10:20:00+00:00"


def test_every_system_is_tested() -> None:
    assert set(engines()) == {*NESTING, *LISTED, "hackernews", LOOSE}


def test_votes_times_and_ids(read) -> None:
    one, _, _ = NESTING["reddit-old"]
    (row,) = read(PAGE % one.format(n=11, who="Ann", what="<p>Hi</p>", inner=""))[0].to_pylist()
    assert (row["comment_id"], row["likes"]) == ("c11", 4)
    assert row["created_at"].isoformat() == "2021-05-04T10:20:00+00:00"


@pytest.mark.parametrize("name", ["youtube", "x"])
def test_line_breaks_that_a_page_shows_as_they_are(name: str, read) -> None:
    one, *_ = {**NESTING, **LISTED}[name]
    page = one.format(n=11, who="Ann", what="Two coins.\n\nPrams\n  are free.", inner="")
    (row,) = read(PAGE % page)[0].to_pylist()
    assert row["text"] == "Two coins.\n\nPrams\n  are free."


def test_ids_of_systems_that_keep_them_in_links_and_attributes(read) -> None:
    one, wrap, _ = NESTING["youtube"]
    reply = wrap % one.format(n="11.22", who="Bob", what="Two coins.", inner="")
    rows = read(PAGE % one.format(n=11, who="Ann", what="Is the ferry free?", inner=reply))[0].to_pylist()
    assert [(row["comment_id"], row["parent_id"], row["likes"]) for row in rows] == [
        ("Ug11", None, 4),
        ("Ug11.22", "Ug11", 4),
    ]
    saved = one.format(n=11, who="Ann", what="Hi", inner="").replace(
        "/watch?", "https://example.org/watch?" + 120 * "a"
    )
    assert read(PAGE % saved)[0]["comment_id"].to_pylist() == ["Ug11"]
    flarum = LISTED["flarum"][0].format(n=31, who="Ann", what="Hi")
    (row,) = read(PAGE % flarum)[0].to_pylist()
    assert (row["comment_id"], row["created_at"].isoformat()) == ("31", "2021-05-04T10:20:00+00:00")
    discourse = LISTED["discourse"][0].format(n=41, who="Ann", what="Hi")
    (row,) = read(PAGE % discourse)[0].to_pylist()
    assert (row["comment_id"], row["created_at"].isoformat()) == ("41", "2021-05-04T10:20:00+00:00")
    tweet = LISTED["x"][0].format(n=51, who="Ann", what="Hi")
    assert read(PAGE % tweet)[0]["comment_id"].to_pylist() == ["51"]


def test_replies_that_name_their_parent_need_not_stand_in_it(read) -> None:
    one, _, _ = NESTING["wpdiscuz"]
    page = one.format(n=11, who="Ann", what="<p>Is the ferry free?</p>", inner="")
    page += one.format(n=12, who="Bob", what=TWO, inner="").replace("12_0", "12_11")
    assert _found(read(PAGE % page)[0]) == NESTED[:2]


def test_messages_of_one_author_bear_the_name_once(read) -> None:
    one, around = LISTED["telegram-export"]
    page = one.format(n=11, who="Ann", what="Is the ferry free?")
    page += one.format(n=12, who="", what="Anyone?").replace('<div class="from_name"></div>', "")
    assert _found(read(PAGE % (around % page))[0]) == [
        ("Ann", "Is the ferry free?", None),
        ("Ann", "Anyone?", None),
    ]


OWN = '<li><div class="comment" id="c-{n}"><img alt="{who}"><div class="header"><a class="username">{who}</a> <span>3 days ago</span> <span>+4</span></div><div class="text">{what}</div><div class="row"><a>Reply</a> <a>Report</a></div></div>{inner}</li>'


def test_systems_of_one_site_by_the_names_that_many_give(read) -> None:
    inner = "<ul>" + OWN.format(n=12, who="Bob", what=TWO, inner="") + "</ul>"
    page = OWN.format(n=11, who="Ann", what="<p>Is the ferry free?</p>", inner=inner)
    page += OWN.format(n=13, who="Cem", what="<p>Thanks</p>", inner="")
    assert _found(read(PAGE % f'<ul class="stream">{page}</ul>')[0]) == NESTED


def test_what_only_looks_like_a_comment_is_none(read) -> None:
    teaser = '<div class="comment"><a href="/p">3 comments</a></div><div class="post"><div class="content">A teaser of an article.</div></div>'
    table, _ = read(PAGE % f'<div class="postbody">{teaser * 3}</div>')
    assert table.num_rows == 0
