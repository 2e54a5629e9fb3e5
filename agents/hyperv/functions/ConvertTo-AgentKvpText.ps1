function ConvertTo-AgentKvpText {
    <#
    .SYNOPSIS
    One item of data exchange as the text (CIM-XML) that Msvm_VirtualSystemManagementService takes.
    .DESCRIPTION
    Written here: what serialises instances differs between 5.1 and 7, and needs Windows.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [string] $Name,
        [Parameter(Mandatory = $true)] [AllowEmptyString()] [string] $Value
    )
    $text = [System.IO.StringWriter]::new()
    $settings = [System.Xml.XmlWriterSettings]::new()
    $settings.OmitXmlDeclaration = $true
    $settings.NewLineHandling = [System.Xml.NewLineHandling]::Entitize
    $writer = [System.Xml.XmlWriter]::Create($text, $settings)
    $writer.WriteStartElement('INSTANCE')
    $writer.WriteAttributeString('CLASSNAME', 'Msvm_KvpExchangeDataItem')
    foreach ($property in @(@('Name', 'string', $Name), @('Data', 'string', $Value), @('Source', 'uint16', '0'))) {
        $writer.WriteStartElement('PROPERTY')
        $writer.WriteAttributeString('NAME', $property[0])
        $writer.WriteAttributeString('TYPE', $property[1])
        $writer.WriteElementString('VALUE', $property[2])
        $writer.WriteEndElement()
    }
    $writer.WriteEndElement()
    $writer.Dispose()
    $text.ToString()
}
