/// Domains that give mailboxes to anybody: such a domain says nothing about a company, so it is no account.
package struct FreeMailDomains: Sendable, Hashable {
    private var domains: Set<String>

    /// Default data of a programme, not a rule: programmes add their own.
    package static let standard = FreeMailDomains(
        domains: Set(standardList.split(whereSeparator: \.isWhitespace).map(String.init)))

    private init(domains: Set<String>) { self.domains = domains }

    /// Whether mailboxes of this registrable domain (lower-case A-labels) are given to anybody.
    package func contains(_ accountKey: String) -> Bool { domains.contains(accountKey) }

    /// The same with more registrable domains.
    package func adding(_ more: some Sequence<String>) -> FreeMailDomains {
        FreeMailDomains(domains: domains.union(more))
    }

    private static let standardList = """
        gmail.com googlemail.com
        outlook.com outlook.de outlook.fr outlook.es outlook.it outlook.jp outlook.co.th outlook.com.br outlook.com.au
        hotmail.com hotmail.co.uk hotmail.de hotmail.fr hotmail.es hotmail.it hotmail.nl hotmail.be hotmail.se hotmail.no
        hotmail.dk hotmail.ch hotmail.gr hotmail.co.jp hotmail.co.th hotmail.com.br hotmail.com.ar hotmail.com.tr
        live.com live.co.uk live.de live.fr live.it live.nl live.be live.se live.no live.dk live.ca live.ie live.at
        live.jp live.cn live.com.au live.com.mx live.com.pt live.co.za msn.com passport.com windowslive.com
        yahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.es yahoo.it yahoo.ca yahoo.co.in yahoo.in yahoo.co.jp yahoo.co.id
        yahoo.com.br yahoo.com.ar yahoo.com.mx yahoo.com.au yahoo.com.sg yahoo.com.hk yahoo.com.tw yahoo.com.ph
        yahoo.com.vn yahoo.com.my yahoo.co.nz yahoo.co.za yahoo.gr yahoo.se yahoo.no yahoo.dk yahoo.pl yahoo.ro yahoo.ie
        ymail.com rocketmail.com myyahoo.com
        icloud.com me.com mac.com
        aol.com aol.de aol.co.uk aol.fr aim.com
        proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tutamail.com tuta.com tuta.io keemail.me
        gmx.de gmx.net gmx.com gmx.at gmx.ch gmx.eu gmx.fr gmx.es gmx.co.uk gmx.us web.de freenet.de t-online.de
        mail.de posteo.de posteo.net mailbox.org arcor.de online.de email.de bluewin.ch hispeed.ch chello.at aon.at
        mail.com email.com usa.com post.com consultant.com europe.com engineer.com fastmail.com fastmail.fm
        hey.com zoho.com zohomail.com zohomail.eu hushmail.com inbox.com lycos.com excite.com mailfence.com runbox.com
        yandex.ru yandex.com yandex.by yandex.kz yandex.ua ya.ru mail.ru inbox.ru list.ru bk.ru internet.ru rambler.ru
        ukr.net i.ua meta.ua abv.bg seznam.cz email.cz centrum.cz post.cz volny.cz azet.sk zoznam.sk
        wp.pl o2.pl onet.pl onet.eu interia.pl interia.eu poczta.fm op.pl vp.pl tlen.pl gazeta.pl
        libero.it virgilio.it tiscali.it alice.it tin.it inwind.it iol.it
        orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr numericable.fr club-internet.fr
        btinternet.com btopenworld.com sky.com virginmedia.com ntlworld.com talktalk.net blueyonder.co.uk
        comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net juno.com
        optonline.net rogers.com shaw.ca sympatico.ca telus.net videotron.ca
        bigpond.com bigpond.net.au optusnet.com.au iinet.net.au xtra.co.nz
        terra.com.br uol.com.br bol.com.br ig.com.br globo.com globomail.com terra.es telefonica.net
        ziggo.nl kpnmail.nl planet.nl hetnet.nl home.nl xs4all.nl telenet.be skynet.be
        telia.com online.no sapo.pt mail.pt freemail.hu citromail.hu
        qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com aliyun.com 139.com 189.cn tom.com 21cn.com
        naver.com daum.net hanmail.net nate.com
        rediffmail.com indiatimes.com sify.com
        mailinator.com guerrillamail.com 10minutemail.com temp-mail.org yopmail.com trashmail.com dispostable.com
        sharklasers.com getnada.com maildrop.cc throwawaymail.com moakt.com fakeinbox.com
        """
}
