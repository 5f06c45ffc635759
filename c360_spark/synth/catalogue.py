"""Reference data of the shop: products, campaigns, subjects of support cases, screens of the app."""

# sku:slug:price in cents
PRODUCTS = """
    RUN-1042:trail-running-shoes:12900 RUN-1043:road-running-shoes:11900 RUN-1057:running-socks-3-pack:1490
    RUN-1061:reflective-vest:2490 RUN-1066:running-belt:1990 HIK-2001:hiking-boots-mid:15900
    HIK-2004:trekking-poles:6990 HIK-2011:daypack-22l:7990 HIK-2012:daypack-30l:9490 HIK-2019:water-filter:3990
    HIK-2023:head-torch:4490 HIK-2030:merino-base-layer:6490 HIK-2031:rain-jacket:14900 HIK-2032:rain-trousers:8990
    CMP-3002:two-person-tent:24900 CMP-3005:sleeping-bag-comfort:11900 CMP-3006:sleeping-bag-light:17900
    CMP-3010:sleeping-mat:6990 CMP-3014:gas-stove:4990 CMP-3018:cook-set:3990 CMP-3022:camping-chair:5490
    CMP-3027:folding-table:7490 CYC-4003:city-helmet:6990 CYC-4008:bike-lock:4990 CYC-4012:pannier-bag:8490
    CYC-4015:light-set:3490 CYC-4019:cycling-gloves:2490 CYC-4024:floor-pump:3990 CYC-4028:repair-kit:1490
    CYC-4033:rain-cape:4490 YOG-5001:yoga-mat:3990 YOG-5004:yoga-block-pair:1990 YOG-5007:resistance-bands:2290
    YOG-5011:foam-roller:2790 SWM-6002:swim-goggles:1990 SWM-6005:swim-cap:990 SWM-6009:microfibre-towel:1690
    SWM-6013:dry-bag-10l:2190 WTR-7001:ski-gloves:4990 WTR-7004:beanie-wool:1990 WTR-7008:thermal-leggings:4490
    WTR-7012:down-jacket:21900 WTR-7015:snow-boots:12900 WTR-7019:neck-gaiter:1490 TRN-8003:kettlebell-12kg:3990
    TRN-8004:kettlebell-16kg:4990 TRN-8010:skipping-rope:1290 TRN-8015:training-shorts:2990
    TRN-8016:training-shirt:2490 TRN-8021:sports-bottle:1490 KID-9002:kids-rain-boots:2990 KID-9006:kids-backpack:3490
    KID-9010:kids-helmet:4490 KID-9015:balance-bike:8990 GFT-0025:gift-card-25:2500 GFT-0050:gift-card-50:5000
"""

CATEGORIES = "running hiking camping cycling yoga swimming winter training kids sale new"
CAMPAIGNS = "autumn_sale brand_search newsletter retargeting_shoes social_video affiliate_blog"
MAILINGS = "newsletter new-arrivals member-offers back-in-stock"
SUBJECTS = """
    Where_is_my_order? Return_of_an_item Refund_not_received Damaged_on_arrival Wrong_size_delivered
    Change_of_delivery_address Cannot_log_in Delete_my_account Points_missing_on_my_card Invoice_needed
    Discount_code_does_not_work Question_about_a_product Unsubscribe_me,_please Warranty_claim App_crashes_at_checkout
    Second_reminder:_no_answer_yet
"""
SCREENS = "home category product wishlist cart store_finder member_card orders profile"
APP_VERSIONS = "7.4.1 7.4.1 7.4.1 7.4.0 7.3.2 7.3.2 7.2.0 6.9.5"
