function Get-AgentKvpItem {
    <#
    .SYNOPSIS
    Items of data exchange that WMI gives as XML, as a dictionary of names and values.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param([Parameter(Mandatory = $true)] [AllowEmptyCollection()] [AllowNull()] [object[]] $Items)
    $found = [System.Collections.Specialized.OrderedDictionary]::new([System.StringComparer]::Ordinal)
    foreach ($item in @($Items)) {
        if ([string]$item -eq '') { continue }
        $settings = [System.Xml.XmlReaderSettings]::new()
        $settings.DtdProcessing = [System.Xml.DtdProcessing]::Prohibit
        $settings.XmlResolver = $null
        $settings.CheckCharacters = $false
        $document = [System.Xml.XmlDocument]::new()
        $document.XmlResolver = $null
        $document.PreserveWhitespace = $true
        $reader = [System.Xml.XmlReader]::Create([System.IO.StringReader]::new([string]$item), $settings)
        try { $document.Load($reader) } finally { $reader.Dispose() }
        $values = @{}
        foreach ($property in $document.GetElementsByTagName('PROPERTY')) { $values[$property.GetAttribute('NAME')] = $property.InnerText }
        if ([string]$values['Name'] -ne '') { $found[[string]$values['Name']] = [string]$values['Data'] }
    }
    $found
}
